import hashlib

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI
from ninja.pagination import CursorPagination, paginate
from ninja.security import HttpBearer

from benchmarks.rivals.drf_reads.models import ApiKey, Order, Product
from benchmarks.rivals.ninja_reads.schemas import Availability, OrderOut, ProductOut


class AuthenticatedRequest(HttpRequest):
    auth: ApiKey


class ApiKeyAuth(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        return ApiKey.objects.filter(digest=digest, revoked_at__isnull=True).first()


api = NinjaAPI(auth=ApiKeyAuth())


@api.get("/products/", response=list[ProductOut])
@paginate(CursorPagination, ordering=("id",), page_size=20)
def list_products(request: AuthenticatedRequest) -> QuerySet[Product]:
    return Product.objects.all()


@api.get("/products/availability/", response=Availability)
def list_availability(request: AuthenticatedRequest, ids: str) -> dict[str, list[Product]]:
    wanted = [int(each) for each in ids.split(",")]
    products = Product.objects.filter(is_active=True).in_bulk(wanted)
    return {"results": [products[each] for each in wanted if each in products]}


@api.get("/products/{int:product_id}/", response=ProductOut)
def get_product(request: AuthenticatedRequest, product_id: int) -> Product:
    return get_object_or_404(Product, pk=product_id)


@api.get("/orders/", response=list[OrderOut])
@paginate(CursorPagination, ordering=("-id",), page_size=20)
def list_orders(request: AuthenticatedRequest) -> QuerySet[Order]:
    return Order.objects.filter(client_id=request.auth.client_id).prefetch_related("lines")


@api.get("/orders/{int:order_id}/", response=OrderOut)
def get_order(request: AuthenticatedRequest, order_id: int) -> Order:
    orders = Order.objects.filter(client_id=request.auth.client_id).prefetch_related("lines")
    return get_object_or_404(orders, pk=order_id)
